"""How the service is deployed: a bento, an image, Compose, Kubernetes, and what to watch."""
