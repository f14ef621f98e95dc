"""The reference of the service as a page, without anything from elsewhere."""
