"""The function that is deployed: an uploaded picture in, its thumbnail out."""
