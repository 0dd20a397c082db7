// Writes the built page as C++ source: node embed.mjs FOLDER FILE. The interface is orchestrator/src/serve/web_page.hpp.
import {createHash} from "node:crypto";
import {readdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {gzipSync} from "node:zlib";

const types = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

// Octal escapes of three digits never swallow what follows; a literal for each few thousand bytes keeps lines bearable.
function literal(bytes) {
  const pieces = [];
  for (let begin = 0; begin < bytes.length; begin += 4096) {
    let text = "";
    for (const byte of bytes.subarray(begin, begin + 4096)) {
      const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63;
      text += plain ? String.fromCharCode(byte) : "\\" + byte.toString(8).padStart(3, "0");
    }
    pieces.push(`"${text}"`);
  }
  return pieces.length === 0 ? '""' : pieces.join("\n    ");
}

function view(name, bytes) {
  return [`constexpr char ${name}[] =\n    ${literal(bytes)};\n`, `std::string_view(${name}, ${bytes.length})`];
}

const [folder, output] = process.argv.slice(2);
const paths = readdirSync(folder, {recursive: true, withFileTypes: true})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort();
let definitions = "";
let files = "";
paths.forEach((path, index) => {
  const bytes = readFileSync(path);
  const type = types[path.split(".").pop()];
  if (!type) throw new Error(`${path}: no content type is known for it`);
  const small = gzipSync(bytes, {level: 9});
  const served = path.slice(folder.length).replaceAll("\\", "/");
  const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const [plain, plainView] = view(`plain_${index}`, bytes);
  const [gzipped, gzippedView] = view(`gzipped_${index}`, small.length < bytes.length ? small : Buffer.alloc(0));
  definitions += plain + gzipped;
  files += `    PageFile{"${served === "/index.html" ? "/" : served}", "${type}", "\\"${etag}\\"", ${plainView}, ${gzippedView}},\n`;
});
writeFileSync(output, `// Made by orchestrator/web/serve/embed.mjs.
#include "serve/web_page.hpp"

#include <array>

namespace enough {
namespace {

${definitions}
constexpr std::array files{
${files}};

}  // namespace

std::span<const PageFile> page_files() {
    return files;
}

}  // namespace enough
`);
