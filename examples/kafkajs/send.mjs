// Publishes the reports on stdin (CloudEvents as JSON lines) over Kafka and asks what became of each.
// With --binary the attributes go as headers and the data as the value; otherwise each value is the whole CloudEvent.
// Exit code 1 unless every report was accepted.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Kafka, logLevel, Partitioners } from 'kafkajs'

const { KALIMAYA_AGENCY: agency, KALIMAYA_KAFKA: broker, KALIMAYA_PICTURE: picture, KALIMAYA_TOKEN: token } = process.env
const PATIENCE = 30_000 // ms to wait for the outcomes

const structured = (event) => ({
  value: JSON.stringify(event),
  headers: { 'content-type': 'application/cloudevents+json' },
})

const binary = ({ data, ...attributes }) => ({
  value: JSON.stringify(data),
  headers: {
    'content-type': 'application/json',
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, String(value)])),
  },
})

async function publish(messages) {
  const kafka = new Kafka({ clientId: agency, brokers: [broker], logLevel: logLevel.ERROR })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
  await producer.connect()
  try {
    // acks -1: every in-sync replica has them. If this throws, publish the same reports again.
    await producer.send({ topic: `agency.${agency}`, acks: -1, messages })
  } finally {
    await producer.disconnect()
  }
}

async function outcome(id, deadline) {
  const query = new URLSearchParams({ source: `/agencies/${agency}`, id })
  for (;;) {
    const answer = await fetch(`${picture}/v1/messages?${query}`, { headers: { authorization: `Bearer ${token}` } })
    const told = await answer.json()
    if (answer.ok) return told.outcomes[0].kind
    if (Date.now() > deadline) return 'unknown' // perhaps it could not be read: see /v1/unreadable
    await pause(200)
  }
}

const events = readFileSync(0, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
await publish(events.map(process.argv.includes('--binary') ? binary : structured))
const deadline = Date.now() + PATIENCE
for (const { id } of events) {
  const kind = await outcome(id, deadline)
  console.log(id, kind)
  if (kind !== 'accepted') process.exitCode = 1
}
