// Validates an AsyncAPI document with AsyncAPI's own parser: node validate.mjs <file>; fails on any error or warning.
import { readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], 'utf8'))
const severities = ['error', 'warning', 'information', 'hint']
const amiss = diagnostics.filter(({ severity }) => severity < 2)
for (const { severity, path, message } of amiss) console.error(`${severities[severity]}: ${path.join('.')}: ${message}`)
if (document === undefined || amiss.length > 0) process.exit(1)
console.log(`AsyncAPI ${document.version()}: ${document.channels().all().length} channels, ${document.operations().all().length} operations`)
