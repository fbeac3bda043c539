"""The yearly renewal of the census (年度更新): what is seen again, street by street, and accepted by sampling."""
