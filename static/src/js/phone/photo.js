// A photo as it is sent: a camera's picture is 4 to 12 MB, and 1,600 points show a nameplate as well. Drawing it anew also
// leaves behind where and with what it was taken.
const LONGEST = 1600;
const QUALITY = 0.82;

export async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", QUALITY));
}

const urls = new Map();

/** An address for a picture that is kept on the phone; the same one each time it is drawn. */
export function address(action, picture) {
  if (!urls.has(action)) urls.set(action, URL.createObjectURL(new Blob([picture.bytes], { type: picture.type })));
  return urls.get(action);
}
