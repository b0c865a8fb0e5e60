raise ImportError("libnvidia-ml.so.1: cannot open shared object file")
