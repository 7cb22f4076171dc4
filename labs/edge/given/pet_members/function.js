// Lets members in: whoever sends a JWT (HS256) of ours that has not expired.
const crypto = require("crypto");

const KEY = "bello-likes-long-walks"; // on AWS: in a CloudFront KeyValueStore, not in the code

function isGood(token) {
    const parts = token.split(".");
    if (parts.length !== 3) return false;
    const signature = crypto.createHmac("sha256", KEY).update(parts[0] + "." + parts[1]).digest("base64url");
    if (signature !== parts[2]) return false;
    const claims = JSON.parse(Buffer.from(parts[1], "base64url").toString());
    return claims.exp > Date.now() / 1000;
}

function handler(event) {
    const request = event.request;
    const header = request.headers.authorization;
    if (header && header.value.startsWith("Bearer ") && isGood(header.value.slice(7))) return request;
    return {
        statusCode: 401,
        statusDescription: "Unauthorized",
        headers: { "www-authenticate": { value: "Bearer" } },
        body: "For members only.",
    };
}
