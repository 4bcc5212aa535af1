"""What happens at the door, step by step: take in, judge, apply policies, keep rejects, hand over."""
