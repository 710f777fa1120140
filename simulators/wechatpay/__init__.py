"""A simulated WeChat Pay server (APIv3 merchant transfer) with books of its own."""
