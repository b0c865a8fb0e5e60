is_no_check = "forgot the decorator"
