"""Ways to bridge the gap between an upload and its thumbnail."""
