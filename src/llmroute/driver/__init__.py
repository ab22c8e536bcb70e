"""The drivers: they run the flow against clocks and providers, one in each color."""
