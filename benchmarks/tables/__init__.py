"""What tables, charts and the page show of the records, worked out once for all of them; nothing here measures."""
