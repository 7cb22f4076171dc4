function handler(event) {
    const request = event.request;
    const last = request.uri.split("/").pop();
    if (last === "") request.uri += "index.html";
    else if (!last.includes(".")) request.uri += "/index.html";
    const design = request.cookies.design;
    if (request.uri === "/index.html" && design && design.value === "b") request.uri = "/b/index.html";
    return request;
}
