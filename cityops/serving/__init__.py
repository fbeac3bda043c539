"""The process tree: Redis, worker, scheduler and web as children of one supervisor, or each on its own."""
