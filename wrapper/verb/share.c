/* SPDX-License-Identifier: GPL-2.0-or-later */
/* share-9p and pass-disk: verbs that give the guest files of the host. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "host/use/usesimage.h"
#include "str.h"
#include "wrapper/line/setopt.h"
#include "wrapper/line/view.h"
#include "wrapper/verb/common.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/highverbs.h"
#include "wrapper/verb/images.h"

#define TAG_MAX 31	/* hw/9pfs/9p.h: MAX_TAG_LEN 32 with its NUL */
#define SERIAL_MAX 20	/* hw/block/virtio-blk.h: VIRTIO_BLK_ID_BYTES */

static int check_word(struct arena *a, const struct params *p, const char *key,
		      const char *const *allowed, size_t n, struct err *err)
{
	const char *value = params_get(p, key);
	struct strbuf all = { .arena = a };

	if (!value || str_among(allowed, n, value))
		return 0;
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", allowed[i]);
	return err_set(err, EINVAL, "%s=%s: must be one of %s", key, value, strbuf_text(&all));
}
#define CHECK_WORD(a, p, key, allowed, err) \
	check_word((a), (p), (key), (allowed), sizeof(allowed) / sizeof((allowed)[0]), (err))

/* A % may become the first '/': see stat_path(). */
static int check_path(const char *path, struct err *err)
{
	if (*path != '/' && *path != '%')
		return err_set(err, EINVAL, "%s: must be an absolute path", path);
	return 0;
}

static int stat_path(const char *path, struct stat *st, struct err *err)
{
	if (*path != '/')
		return err_set(err, EINVAL, "%s: must be an absolute path", path);
	if (strlen(path) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "the path has %zu bytes; maximum %d",
			       strlen(path), PATH_MAX - 1);
	if (stat(path, st) < 0)
		return err_set(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* ---- share-9p ---- */

static int check_share(struct arena *a, const struct params *p, struct err *err)
{
	static const char *const security[] = { "mapped-xattr", "mapped-file", "passthrough",
						"none" };
	static const char *const multidevs[] = { "remap", "forbid", "warn" };
	int rc = check_path(p->place[1], err);

	if (!rc && strlen(p->place[0]) > TAG_MAX)
		rc = err_set(err, EINVAL, "tag %s: maximum %d bytes", p->place[0], TAG_MAX);
	if (!rc)
		rc = CHECK_WORD(a, p, "security", security, err);
	return rc ? rc : CHECK_WORD(a, p, "multidevs", multidevs, err);
}

/* -virtfs makes a device with this tag, and -set may give another device the tag. */
static bool option_has_tag(struct edit *e, struct arg *arg, const char *tag)
{
	const struct prop *p;
	struct setopt s;

	if (arg->removed || !arg->opt)
		return false;
	if (str_eq(arg->opt->name, "virtfs_synth"))
		return str_eq(tag, "v_synth");
	if (arg->value && str_eq(arg->opt->name, "set"))
		return setopt_read(e->arena, arg->value, &s) && str_eq(s.group, "device") &&
		       str_eq(s.key, "mount_tag") && str_eq(s.value, tag);
	if (!arg->value || !str_eq(arg->opt->name, "virtfs"))
		return false;
	p = optval_get(view_parsed(e->c, arg, NULL), "mount_tag");
	return p && str_eq(p->value, tag);
}

static const char *user_of_tag(struct edit *e, const char *tag)
{
	const char *user = high_user_of(e, "mount_tag", tag);

	for (size_t i = 0; !user && i < e->c->n; i++)
		if (option_has_tag(e, &e->c->args[i], tag))
			user = arena_printf(e->arena, "-%s", e->c->args[i].opt->name);
	return user;
}

static int apply_share(struct edit *e, const struct params *p, struct err *err)
{
	const char *tag = p->place[0], *path = p->place[1], *fs, *id;
	const char *security = params_get(p, "security"), *multidevs = params_get(p, "multidevs");
	const char *user = user_of_tag(e, tag);
	const char *quote = tag[strcspn(tag, " \t$&;|<>()*?\"`\\")] ? "'" : "";
	struct stat st = { 0 };
	struct place place;
	int rc = stat_path(path, &st, err);

	if (!rc && !S_ISDIR(st.st_mode))
		rc = err_set(err, ENOTDIR, "%s: must be a directory", path);
	if (!rc && user)
		rc = err_set(err, EEXIST, "tag %s is in use by %s", tag, user);
	if (!rc)
		rc = high_slot(e, params_get(p, "bus"), params_get(p, "addr"), &place, err);
	if (rc)
		return rc;
	fs = high_id(e, "kvmshim-fs");
	id = high_id(e, "kvmshim-9p");
	high_add(e, "fsdev", "local,id=%s,path=%s,security_model=%s%s%s%s", fs,
		 quote_opts(e->arena, path), security ? security : "mapped-xattr",
		 params_has(p, "ro") ? ",readonly=on" : "", multidevs ? ",multidevs=" : "",
		 multidevs ? multidevs : "");
	rc = high_add_device(e, place.json, err, "virtio-9p-pci,id=%s,fsdev=%s,mount_tag=%s%s", id,
			     fs, quote_opts(e->arena, tag), high_where(e, &place));
	editor_tell_note(e, arena_printf(e->arena,
					 "in the guest: mount -t 9p -o trans=virtio,version=9p2000.L,"
					 "msize=262144%s %s%s%s /mnt",
					 params_has(p, "ro") ? ",ro" : "", quote, tag, quote));
	return rc;
}

const struct high high_share_9p = {
	.form = {
		.usage = "TAG PATH [ro] [security=MODEL] [multidevs=HOW] [bus=BUS] "
			 "[addr=SLOT]",
		.places = 2,
		.flags = (const char *const[]){ "ro", NULL },
		.keys = (const char *const[]){ "security", "multidevs", "bus", "addr",
					      NULL },
	},
	.check = check_share,
	.apply = apply_share,
};

/* ---- pass-disk ---- */

static int check_disk(struct arena *a, const struct params *p, struct err *err)
{
	static const char *const buses[] = { "virtio", "scsi", "sata" };
	static const char *const aios[] = { "native", "io_uring", "threads" };
	const char *bus = params_get(p, "bus"), *serial = params_get(p, "serial");
	int rc = check_path(p->place[0], err);

	if (!rc)
		rc = CHECK_WORD(a, p, "bus", buses, err);
	if (!rc)
		rc = CHECK_WORD(a, p, "aio", aios, err);
	if (!rc)
		rc = params_check_in_use(p, err);
	if (!rc && bus && str_eq(bus, "sata") && params_has(p, "ro"))
		rc = err_set(err, EINVAL,
			     "QEMU's SATA disks cannot be read-only; write bus=virtio or bus=scsi");
	if (!rc && serial && strlen(serial) > SERIAL_MAX)
		rc = err_set(err, EINVAL, "serial=%s: maximum %d bytes", serial, SERIAL_MAX);
	return rc;
}

/* Native AIO wants O_DIRECT, which not every file system can (tmpfs before Linux 6.6). */
static bool can_direct(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 || errno != EINVAL;
}

/* The controller of ours, made where the line has none; its id. */
static int controller(struct edit *e, const struct params *p, const char *driver, const char *id,
		      struct err *err)
{
	struct place place;
	int rc;

	if (high_user_of(e, "id", id) && params_get(p, "addr"))
		return err_set(err, EEXIST,
			       "addr=%s: this disk uses controller %s, which already "
			       "exists; remove addr=",
			       params_get(p, "addr"), id);
	if (high_user_of(e, "id", id))
		return 0;
	rc = high_slot(e, NULL, params_get(p, "addr"), &place, err);
	return rc ? rc : high_add_device(e, place.json, err, "%s,id=%s%s", driver, id,
					 high_where(e, &place));
}

/* QEMU makes a device in JSON after those in key=value form: what is on it must be JSON too. */
static bool is_json(struct edit *e, const char *id)
{
	const struct optval *v = high_device(e, id);

	return v && v->json;
}

static unsigned users_of_bus(struct edit *e, const char *format)
{
	unsigned n = 0;

	while (high_user_of(e, "bus", arena_printf(e->arena, "%s.%u", format, n)))
		n++;
	return n;
}

static int add_virtio_disk(struct edit *e, const struct params *p, const char *rest,
			   struct err *err)
{
	struct place place;
	int rc = high_slot(e, NULL, params_get(p, "addr"), &place, err);

	return rc ? rc : high_add_device(e, place.json, err, "virtio-blk-pci,%s%s", rest,
					 high_where(e, &place));
}

static int add_scsi_disk(struct edit *e, const struct params *p, const char *rest,
			 struct err *err)
{
	int rc = controller(e, p, "virtio-scsi-pci", "kvmshim-scsi", err);

	return rc ? rc : high_add_device(e, is_json(e, "kvmshim-scsi"), err,
					 "scsi-hd,%s,bus=kvmshim-scsi.0", rest);
}

/* Adds a disk to the next of the six ports of an AHCI controller. */
static int add_sata_disk(struct edit *e, const struct params *p, const char *rest,
			 struct err *err)
{
	int rc = controller(e, p, "ich9-ahci", "kvmshim-ahci", err);
	unsigned port = users_of_bus(e, "kvmshim-ahci");

	if (!rc && port > 5)
		rc = err_set(err, ENOSPC,
			     "this is the seventh SATA disk, but QEMU's controller has six ports");
	return rc ? rc : high_add_device(e, is_json(e, "kvmshim-ahci"), err,
					 "ide-hd,%s,bus=kvmshim-ahci.%u", rest, port);
}

static const char *blockdev(struct edit *e, const struct params *p, bool is_device)
{
	const char *path = p->place[0], *node = high_id(e, "kvmshim-disk");
	const char *ro = params_has(p, "ro") ? "on" : "off";
	bool direct = can_direct(path);
	const char *aio = params_get(p, "aio");

	if (!aio)
		aio = direct ? "native" : "threads";
	high_add(e, "blockdev",
		 "driver=raw,node-name=%s,read-only=%s,cache.direct=%s,file.driver=%s,"
		 "file.filename=%s,file.read-only=%s,file.cache.direct=%s,file.aio=%s,"
		 "file.locking=on",
		 node, ro, direct ? "on" : "off", is_device ? "host_device" : "file",
		 quote_opts(e->arena, path), ro, direct ? "on" : "off", aio);
	return node;
}

/* The host writes to a disk that it uses, and a guest that writes too would ruin it. */
static int check_unused(struct edit *e, const struct params *p, const struct stat *st,
			struct err *err)
{
	struct host host = high_host(e);
	const char *use = params_has(p, "ro") || params_get(p, "in-use") ?
				  NULL :
				  uses_of_image(&host, p->place[0], st);

	if (!use)
		return 0;
	return err_set(err, EBUSY,
		       "%s is in use by the host: %s; stop this use, or write ro or in-use=yes",
		       p->place[0], use);
}

static int apply_disk(struct edit *e, const struct params *p, struct err *err)
{
	const char *bus = params_get(p, "bus"), *serial = params_get(p, "serial"), *rest, *node;
	struct stat st = { 0 };
	int rc = stat_path(p->place[0], &st, err);

	if (!rc && !S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		rc = err_set(err, EINVAL, "%s: must be a disk or a file", p->place[0]);
	if (!rc && images_has(e->c, &st))
		rc = err_set(err, EEXIST, "%s is already on the command line", p->place[0]);
	if (!rc)
		rc = check_unused(e, p, &st, err);
	if (rc)
		return rc;
	node = blockdev(e, p, S_ISBLK(st.st_mode));
	rest = arena_printf(e->arena, "drive=%s,id=%s%s%s", node, high_id(e, "kvmshim-blk"),
			    serial ? ",serial=" : "", serial ? quote_opts(e->arena, serial) : "");
	if (bus && str_eq(bus, "scsi"))
		return add_scsi_disk(e, p, rest, err);
	if (bus && str_eq(bus, "sata"))
		return add_sata_disk(e, p, rest, err);
	return add_virtio_disk(e, p, rest, err);
}

const struct high high_pass_disk = {
	.form = {
		.usage = "PATH [bus=virtio|scsi|sata] [ro] [serial=TEXT] [aio=HOW] [in-use=yes] "
			 "[addr=SLOT]",
		.places = 1,
		.flags = (const char *const[]){ "ro", NULL },
		.keys = (const char *const[]){ "bus", "serial", "aio", "in-use", "addr",
					      NULL },
	},
	.check = check_disk,
	.apply = apply_disk,
};
