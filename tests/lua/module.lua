return {name = "a module"}
