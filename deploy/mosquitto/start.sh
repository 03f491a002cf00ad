#!/bin/sh
# Starts Mosquitto with a configuration: start.sh FILE
# With MQTT_USERNAME and MQTT_PASSWORD, only clients with these credentials may connect. Without
# them, every client that reaches the broker may: in docker-compose.yml, this computer and the other
# services.
set -eu
umask 077
# The folder from which the configuration includes files.
folder=${MOSQUITTO_ACCESS_DIR:-/run/mosquitto}

if [ -n "${MQTT_USERNAME:-}" ]; then
  : "${MQTT_PASSWORD:?is empty, but MQTT_USERNAME is set: set both or neither}"
  # mosquitto_passwd asks twice. On its command line every process would see the password.
  printf '%s\n%s\n' "$MQTT_PASSWORD" "$MQTT_PASSWORD" |
    mosquitto_passwd -c "$folder/users" "$MQTT_USERNAME" > /dev/null
  printf 'allow_anonymous false\npassword_file %s/users\n' "$folder" > "$folder/access.conf"
else
  echo 'allow_anonymous true' > "$folder/access.conf"
fi
unset MQTT_USERNAME MQTT_PASSWORD
exec mosquitto -c "$1"
