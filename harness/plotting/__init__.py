"""What plots and pages are made with; knows nothing of results."""
