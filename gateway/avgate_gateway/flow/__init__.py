"""What happens to a request, stage by stage; `advance` is where to begin reading."""
