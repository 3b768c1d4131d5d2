"""The learned scorer, inference only: odds and arrival times of rows of features."""
