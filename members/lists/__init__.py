"""Lists people work with: one search box, filters, saved views, bulk actions, exports."""
