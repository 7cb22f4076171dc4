# %% task:queue
raise ValueError("no such queue")
# %% task:message
print("sent")
