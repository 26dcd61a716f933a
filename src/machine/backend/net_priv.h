/* SPDX-License-Identifier: Apache-2.0 */
/* A network that lives in this process: NAT, DHCP and DNS by libslirp. */
#ifndef CF_MACHINE_NET_PRIV_H
#define CF_MACHINE_NET_PRIV_H

#include "machine/devices_priv.h"

struct cf_user_net;
/* receive is called with the machine's lock held. */
enum coffer_status cf_user_net_create(const struct cf_dev_env *env,
	const struct cf_nic_config *config,
	void (*receive)(void *opaque, const uint8_t *frame, size_t len),
	void *opaque, struct cf_user_net **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_user_net_destroy(struct cf_user_net *u);
void cf_user_net_send(struct cf_user_net *u, const uint8_t *frame, size_t len);

#endif
