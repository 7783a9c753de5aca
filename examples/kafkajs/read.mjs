// Prints the events of a log that count, as JSON lines, up to where the log ended at the start: read.mjs deployment
import { Kafka, logLevel } from 'kafkajs'

const topic = `${process.argv[2]}.events`
const kafka = new Kafka({ clientId: 'reader', brokers: [process.env.KALIMAYA_KAFKA], logLevel: logLevel.ERROR })

// The reader rule: a record counts only at the offset where it says it would land.
// mark, big-endian: format (1 byte), at (8), cause (8), i (2), n (2), hash of the chain before (32), digest (32)
function counts({ offset, headers }) {
  const mark = headers?.mark
  if (!Buffer.isBuffer(mark) || mark.length !== 85) return false
  if (mark.readUInt8(0) !== 1) throw new Error('a mark of another format: this reader is older than the log')
  const at = mark.readBigInt64BE(1)
  const cause = mark.readBigInt64BE(9)
  return at === BigInt(offset) && cause >= 0n // cause -1 is the record that begins a log
}

async function ends() {
  const admin = kafka.admin()
  await admin.connect()
  const found = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return new Map(found.map(({ partition, high }) => [partition, BigInt(high)]))
}

const left = await ends() // no partition is empty: each begins with one record
// kafkajs cannot read without a group. This one is new each time and commits nothing, so it reads from the beginning.
const consumer = kafka.consumer({ groupId: `reader-${Date.now()}` })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
const done = new Promise((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const end = left.get(partition)
      if (end === undefined) return
      if (counts(message)) console.log(message.value.toString())
      if (BigInt(message.offset) + 1n >= end) left.delete(partition)
      if (left.size === 0) resolve()
    },
  })
})
await done
await consumer.disconnect()
