/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550A serial port.  The transmitter is infinitely fast: a byte is out when
 * it is written, so THRE is always set.
 *
 * Source: PC16550D data sheet (National Semiconductor).
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/backend/chardev.h"
#include "machine/devices_priv.h"

enum {
	REG_DATA = 0, /* RBR and THR; divisor low with DLAB */
	REG_IER = 1,  /* divisor high with DLAB */
	REG_IIR = 2,  /* read; FCR on write */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

#define IER_RX    0x01
#define IER_TX    0x02
#define IER_LINE  0x04
#define IIR_NONE  0x01
#define IIR_TX    0x02
#define IIR_RX    0x04
#define IIR_FIFO  0xC0
#define FCR_ON    0x01
#define FCR_CLEAR 0x02
#define LCR_DLAB  0x80
#define MCR_OUT2  0x08
#define MCR_LOOP  0x10
#define LSR_DATA  0x01
#define LSR_IDLE  0x60 /* THRE and TEMT */
#define MSR_LINES 0xB0 /* CTS, DSR and DCD: a peer that is always ready */

#define FIFO_SIZE 16

struct cf_serial {
	struct cf_dev_env env;
	struct cf_irq irq;
	struct cf_chardev *chardev;
	uint16_t port;
	uint8_t ier, lcr, mcr, scr, fcr;
	uint8_t divisor[2];
	bool tx_event; /* THRE since the last read of IIR */
	uint8_t fifo[FIFO_SIZE];
	size_t nfifo;
};

static uint8_t pending(const struct cf_serial *s)
{
	if ((s->ier & IER_RX) && s->nfifo)
		return IIR_RX;
	if ((s->ier & IER_TX) && s->tx_event)
		return IIR_TX;
	return IIR_NONE;
}

/* OUT2 gates the interrupt line on a PC. */
static void update(struct cf_serial *s)
{
	cf_irq_set(&s->irq, (s->mcr & MCR_OUT2) && pending(s) != IIR_NONE);
}

static size_t capacity(const struct cf_serial *s)
{
	return s->fcr & FCR_ON ? FIFO_SIZE : 1;
}

static void push(struct cf_serial *s, uint8_t byte)
{
	if (s->nfifo < capacity(s))
		s->fifo[s->nfifo++] = byte;
}

static uint8_t pop(struct cf_serial *s)
{
	uint8_t byte = s->fifo[0];

	if (s->nfifo == 0)
		return 0;
	memmove(s->fifo, s->fifo + 1, --s->nfifo);
	if (s->nfifo == 0 && s->chardev)
		cf_chardev_more(s->chardev);
	return byte;
}

/* In loop-back mode the outputs of MCR appear as the inputs of MSR. */
static uint8_t modem_status(const struct cf_serial *s)
{
	uint8_t m = s->mcr;

	if (!(m & MCR_LOOP))
		return MSR_LINES;
	return (uint8_t)((m & 0x0C) << 4 | (m & 0x02) << 3 | (m & 0x01) << 5);
}

static uint64_t serial_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_serial *s = dev;
	uint8_t v = 0;

	switch (offset) {
	case REG_DATA:
		v = s->lcr & LCR_DLAB ? s->divisor[0] : pop(s);
		break;
	case REG_IER:
		v = s->lcr & LCR_DLAB ? s->divisor[1] : s->ier;
		break;
	case REG_IIR:
		v = pending(s);
		if (v == IIR_TX)
			s->tx_event = false;
		v |= s->fcr & FCR_ON ? IIR_FIFO : 0;
		break;
	case REG_LCR:
		return s->lcr;
	case REG_MCR:
		return s->mcr;
	case REG_LSR:
		return LSR_IDLE | (s->nfifo ? LSR_DATA : 0);
	case REG_MSR:
		return modem_status(s);
	case REG_SCR:
		return s->scr;
	}
	update(s);
	return v;
}

static void transmit(struct cf_serial *s, uint8_t byte)
{
	if (s->mcr & MCR_LOOP)
		push(s, byte);
	else
		cf_chardev_write(s->chardev, &byte, 1);
	s->tx_event = true;
}

static void serial_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_serial *s = dev;
	uint8_t v = (uint8_t)value;

	switch (offset) {
	case REG_DATA:
		if (s->lcr & LCR_DLAB)
			s->divisor[0] = v;
		else
			transmit(s, v);
		break;
	case REG_IER:
		if (s->lcr & LCR_DLAB) {
			s->divisor[1] = v;
			break;
		}
		/* Enabling the transmit interrupt raises it: the holding
		 * register is empty. */
		if ((v & IER_TX) && !(s->ier & IER_TX))
			s->tx_event = true;
		s->ier = v & 0x0F;
		break;
	case REG_IIR: /* FCR */
		s->fcr = v & FCR_ON;
		if (v & FCR_CLEAR)
			s->nfifo = 0;
		break;
	case REG_LCR:
		s->lcr = v;
		break;
	case REG_MCR:
		s->mcr = v & 0x1F;
		break;
	case REG_SCR:
		s->scr = v;
		break;
	}
	update(s);
}

static size_t input_space(void *opaque)
{
	const struct cf_serial *s = opaque;

	if ((s->mcr & MCR_LOOP) || s->nfifo >= capacity(s))
		return 0;
	return capacity(s) - s->nfifo;
}

static void input_receive(void *opaque, const uint8_t *p, size_t n)
{
	struct cf_serial *s = opaque;

	while (n--)
		push(s, *p++);
	update(s);
}

static const struct cf_io_ops serial_ops = {
	.read = serial_read,
	.write = serial_write,
	.unit = 1,
};

enum coffer_status cf_serial_create(const struct cf_dev_env *env, uint16_t port,
	const struct cf_irq *irq, struct cf_chardev *chardev,
	struct cf_serial **out, struct coffer_error *err)
{
	struct cf_serial *s = cf_alloc_array(1, sizeof(*s));
	struct cf_io_range range = { port, 8, &serial_ops, s, "serial port" };
	enum coffer_status status;

	if (!s)
		return cf_fail_nomem(err, "a serial port");
	*s = (struct cf_serial) {
		.env = *env, .irq = *irq, .chardev = chardev, .port = port
	};
	status = cf_bus_add(env->pio, &range, err);
	if (status) {
		free(s);
		return status;
	}
	if (chardev)
		cf_chardev_set_input(chardev,
			&(struct cf_chardev_input) {
				s, input_space, input_receive });
	*out = s;
	return COFFER_OK;
}

void cf_serial_destroy(struct cf_serial *s)
{
	if (!s)
		return;
	if (s->chardev)
		cf_chardev_set_input(s->chardev, NULL);
	cf_bus_remove(s->env.pio, s->port, s);
	free(s);
}

void cf_serial_state(struct cf_serial *s, struct cf_state *st)
{
	uint8_t n = (uint8_t)s->nfifo;

	cf_state_u8(st, &s->ier);
	cf_state_u8(st, &s->lcr);
	cf_state_u8(st, &s->mcr);
	cf_state_u8(st, &s->scr);
	cf_state_u8(st, &s->fcr);
	cf_state_bytes(st, s->divisor, sizeof(s->divisor));
	cf_state_bool(st, &s->tx_event);
	cf_state_bytes(st, s->fifo, sizeof(s->fifo));
	cf_state_u8(st, &n);
	cf_state_need(st, n <= FIFO_SIZE, "the number of bytes received");
	if (cf_state_ok(st))
		s->nfifo = n;
}
