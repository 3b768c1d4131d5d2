"""The KServe predictor: a bundle served to phones over REST and gRPC."""
