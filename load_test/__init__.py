"""`make soak`: half of what the whole stack can take, minutes long, with a spike and a kill within; then the books."""
