"""Speed and quality, measured against limits and peers."""
