"""The values that everything else is said with; this package imports nothing of llmroute."""
