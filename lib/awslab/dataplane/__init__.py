"""What runs tasks and carries requests: simulated (pure, on lab time) or live (real processes, a real proxy)."""
