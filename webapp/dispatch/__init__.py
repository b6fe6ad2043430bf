"""Jobs and their visits, who is sent, the board, routes, promises by the clock."""
