"""WeChat Pay's merchant transfer, APIv3 (domain.md 6.3)."""
