"""What makes a course: new labs, solved notebooks, the course without its answers, and the rules that it keeps."""
