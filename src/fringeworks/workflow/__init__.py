"""What happens next: configuration, plan, runner and stages; the only room that knows both files and science."""
