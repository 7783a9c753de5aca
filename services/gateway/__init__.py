"""The only way in for outsiders: who are you, is this a message of ours, may you say it, and is it safely in Kafka."""
