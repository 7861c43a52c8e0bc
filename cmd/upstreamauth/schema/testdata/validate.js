// Validates texts against a schema in the YAML language server. It reads
// {"schema": …, "texts": […]} and writes a list of messages for each text.
const path = require('path');
const from = (name) => require(path.join(process.argv[2], 'node_modules', name));
const { getLanguageService } = from('yaml-language-server/out/server/src/languageservice/yamlLanguageService.js');
const { SettingsState } = from('yaml-language-server/out/server/src/yamlSettings.js');
const { TextDocument } = from('vscode-languageserver-textdocument');

const fail = (...what) => {
  console.error(...what);
  process.exit(1);
};

async function main(input) {
  const service = getLanguageService({
    schemaRequestService: (uri) => Promise.resolve(uri === 'file:///schema.json' ? JSON.stringify(input.schema) : fail('asked for', uri)),
    workspaceContext: { resolveRelativePath: (relative) => relative },
    telemetry: { send() {}, sendError: fail, sendTrack() {} },
    yamlSettings: new SettingsState(),
  });
  service.configure({ validate: true, customTags: [], schemas: [{ uri: 'file:///schema.json', fileMatch: ['*.yaml'] }] });
  const results = [];
  for (const [i, text] of input.texts.entries()) {
    const found = await service.doValidation(TextDocument.create(`file:///dir/${i}.yaml`, 'yaml', 1, text), false);
    results.push(found.map((one) => one.message));
  }
  process.stdout.write(JSON.stringify(results));
}

let text = '';
process.stdin.on('data', (part) => (text += part));
process.stdin.on('end', () => main(JSON.parse(text)).catch(fail));
