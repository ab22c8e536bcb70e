"""The clients: what an application imports."""
