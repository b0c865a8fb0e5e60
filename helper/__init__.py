"""What orchestrator and validator images share: the container contract and one edge per vendor."""
