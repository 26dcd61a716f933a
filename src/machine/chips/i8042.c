/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyboard controller and system control port A (0x92): ways to reset a PC and
 * to gate A20, which is always open here.  The keyboard obeys commands and has
 * no keys: firmware waits a second for each command that no keyboard answers.
 *
 * Source: IBM PS/2 Technical Reference.
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/devices_priv.h"

#define DATA_PORT    0x60
#define COMMAND_PORT 0x64
#define PORT_A       0x92

#define STATUS_OUTPUT_FULL 0x01
#define STATUS_SYSTEM      0x04
#define STATUS_COMMAND     0x08

#define CONFIG_INTERRUPT 0x01

#define KEYBOARD_ACK    0xFA
#define KEYBOARD_PASSED 0xAA /* self test */
#define MAX_REPLIES     3

struct cf_i8042 {
	struct cf_dev_env env;
	struct cf_irq irq;
	uint8_t command;  /* that waits for its data byte; 0: none */
	uint8_t keyboard; /* the same, of the keyboard */
	uint8_t config;
	uint8_t reply[MAX_REPLIES]; /* what is read next is first */
	unsigned nreplies;
	uint8_t port_a;
};

static void reset(struct cf_i8042 *k)
{
	k->env.end(k->env.opaque, CF_END_RESET, 0);
}

/* The controller's own answer takes the place of what nobody has read. */
static void answer(struct cf_i8042 *k, uint8_t v)
{
	k->reply[0] = v;
	k->nreplies = 1;
}

static void say(struct cf_i8042 *k, uint8_t v)
{
	if (k->nreplies == MAX_REPLIES)
		return;
	k->reply[k->nreplies++] = v;
	if (k->config & CONFIG_INTERRUPT)
		cf_irq_pulse(&k->irq);
}

static uint64_t data_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_i8042 *k = dev;
	uint8_t v = k->reply[0];

	if (k->nreplies) {
		k->nreplies--;
		memmove(k->reply, k->reply + 1, k->nreplies);
		if (k->nreplies && (k->config & CONFIG_INTERRUPT))
			cf_irq_pulse(&k->irq);
	}
	return v;
}

static void keyboard_command(struct cf_i8042 *k, uint8_t c)
{
	/* The second byte of a command, lamps say, needs no more. */
	bool parameter = k->keyboard;

	k->keyboard = 0;
	say(k, KEYBOARD_ACK);
	if (parameter)
		return;
	switch (c) {
	case 0xED: /* lamps */
	case 0xF0: /* scan codes */
	case 0xF3: /* rate */
		k->keyboard = c;
		break;
	case 0xF2: /* identify */
		say(k, 0xAB);
		say(k, 0x83);
		break;
	case 0xFF: /* reset */
		say(k, KEYBOARD_PASSED);
		break;
	}
}

/* A byte for a command, or for the keyboard. */
static void data_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_i8042 *k = dev;
	uint8_t command = k->command;

	k->command = 0;
	if (command == 0x60)
		k->config = (uint8_t)value;
	else if (command == 0xD1 && !(value & 1))
		reset(k);
	else if (!command)
		keyboard_command(k, (uint8_t)value);
}

static uint64_t command_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_i8042 *k = dev;

	return STATUS_SYSTEM | STATUS_COMMAND |
		(k->nreplies ? STATUS_OUTPUT_FULL : 0);
}

static void command_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_i8042 *k = dev;

	k->command = 0;
	switch (value) {
	case 0x20:
		answer(k, k->config);
		break;
	case 0x60: /* write configuration */
	case 0xD1: /* write output port */
	case 0xD2:
	case 0xD3:
	case 0xD4:
		k->command = (uint8_t)value;
		break;
	case 0xA9: /* test of the second port: clock stuck low */
		answer(k, 0x01);
		break;
	case 0xAB: /* test of the first port: good */
		answer(k, 0x00);
		break;
	case 0xAA: /* self test */
		answer(k, 0x55);
		break;
	case 0xD0: /* read output port: A20 open, not in reset */
		answer(k, 0x03);
		break;
	default:
		/* 0xF0-0xFF pulse output lines; line 0 is reset. */
		if (value >= 0xF0 && !(value & 1))
			reset(k);
	}
}

static uint64_t port_a_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_i8042 *k = dev;

	return k->port_a;
}

static void port_a_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_i8042 *k = dev;

	if ((value & 1) && !(k->port_a & 1))
		reset(k);
	k->port_a = (uint8_t)value;
}

static const struct cf_io_ops data_ops = { data_read, data_write, 1 };
static const struct cf_io_ops command_ops = { command_read, command_write, 1 };
static const struct cf_io_ops port_a_ops = { port_a_read, port_a_write, 1 };

static const struct {
	uint16_t port;
	const struct cf_io_ops *ops;
	const char *name;
} ports[] = {
	{ DATA_PORT, &data_ops, "keyboard controller" },
	{ COMMAND_PORT, &command_ops, "keyboard controller" },
	{ PORT_A, &port_a_ops, "system control port" },
};

enum coffer_status cf_i8042_create(const struct cf_dev_env *env,
	const struct cf_irq *irq, struct cf_i8042 **out,
	struct coffer_error *err)
{
	struct cf_i8042 *k = cf_alloc_array(1, sizeof(*k));
	enum coffer_status s = COFFER_OK;

	if (!k)
		return cf_fail_nomem(err, "the keyboard controller");
	k->env = *env;
	k->irq = *irq;
	k->port_a = 0x02; /* A20 open */
	for (size_t i = 0; i < CF_ARRAY_LEN(ports) && s == COFFER_OK; i++)
		s = cf_bus_add(env->pio,
			&(struct cf_io_range) { ports[i].port, 1, ports[i].ops,
				k, ports[i].name },
			err);
	if (s)
		cf_i8042_destroy(k);
	else
		*out = k;
	return s;
}

void cf_i8042_destroy(struct cf_i8042 *k)
{
	for (size_t i = 0; k && i < CF_ARRAY_LEN(ports); i++)
		cf_bus_remove(k->env.pio, ports[i].port, k);
	free(k);
}

void cf_i8042_state(struct cf_i8042 *k, struct cf_state *s)
{
	uint8_t n = (uint8_t)k->nreplies;

	cf_state_u8(s, &k->command);
	cf_state_u8(s, &k->keyboard);
	cf_state_u8(s, &k->config);
	cf_state_bytes(s, k->reply, sizeof(k->reply));
	cf_state_u8(s, &n);
	cf_state_need(s, n <= MAX_REPLIES, "the number of answers");
	if (cf_state_ok(s))
		k->nreplies = n;
	cf_state_u8(s, &k->port_a);
}
