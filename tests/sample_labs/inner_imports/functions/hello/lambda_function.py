from lab_harness.authors import customers

print(customers)
