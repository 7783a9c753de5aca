"""One package a process: gateway, deployment, logistics, incidents, projection; `kit` is what they share."""
