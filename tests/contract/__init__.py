"""What a Kubernetes API server does, asked of the replay cluster and of a real one alike.

The messages are those of a v1.36 server; a replay cluster that says otherwise is wrong.
"""
