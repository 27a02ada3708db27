/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of QEMU in the logs of libvirt, of the last start of each domain. */
#include <string.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "file.h"
#include "host/sysfs.h"
#include "root.h"
#include "shellword.h"

#define LOGS "/var/log/libvirt/qemu"
#define LOG_END ((size_t)64 * 1024)

/*
 * Texts that QEMU 7.2, 10.0 and 11.1 print when they end because of their command line, a device
 * or the host, and what to do. The first row whose texts are both in the line counts.
 */
enum then { THEN_CHECK, THEN_EXPLAIN, THEN_DEVICES, THEN_DOCTOR };

static const struct complaint {
	const char *text, *also; /* also: NULL, or a second text of the same line */
	const char *hint;
	enum then then;
} complaints[] = {
	/* VFIO */
	{ "is not viable", NULL, "bind all devices of this IOMMU group to vfio-pci", THEN_DEVICES },
	{ "stuck in D3", NULL,
	  "set power = on for the device in kvmshim.conf; if it does not wake up, reboot the host",
	  THEN_DEVICES },
	{ "ineligible", NULL,
	  "disable the RMRR of this slot in the firmware, or move the card to another slot",
	  THEN_DOCTOR },
	{ "roup container", NULL,
	  "read dmesg: the platform has no interrupt remapping, or an RMRR has this device",
	  THEN_DOCTOR },
	{ "set iommu for container", NULL,
	  "read dmesg: the platform has no interrupt remapping, or an RMRR has this device",
	  THEN_DOCTOR },
	{ "no such host device", NULL, "choose a device that the host has", THEN_DEVICES },
	{ "No provided host device", NULL, "give vfio-pci a host device with host=", THEN_EXPLAIN },
	{ "VFIO_MAP_DMA", NULL, "raise the limit of locked memory (memlock)", THEN_DOCTOR },
	{ "dma_map", "annot allocate memory", "raise the limit of locked memory (memlock)",
	  THEN_DOCTOR },
	{ "/dev/vfio/", "resource busy", "stop the other VM that uses the device", THEN_DEVICES },
	{ "/dev/vfio/", "ermission denied",
	  "let the hook assign the device, so that libvirt lets QEMU open it", THEN_DOCTOR },
	{ "/dev/vfio/", NULL, "bind the device to vfio-pci", THEN_DEVICES },
	/* the host */
	{ "access KVM kernel module", NULL, "load kvm_intel or kvm_amd", THEN_DOCTOR },
	{ "unable to map backing store for guest RAM", NULL,
	  "free huge pages, or reserve more of them", THEN_DOCTOR },
	{ "cannot set up guest memory", NULL, "free memory of the host", THEN_DOCTOR },
	{ "Failed to get \"", " lock", "stop the other program that uses this image",
	  THEN_EXPLAIN },
	{ "could not open kernel file", NULL, "write the path of a kernel that exists",
	  THEN_EXPLAIN },
	{ "Could not open '", NULL, "write the path of a file that QEMU can open", THEN_EXPLAIN },
	/* names that this QEMU does not have */
	{ ": invalid option", NULL, "remove the option, or write the option that this QEMU has",
	  THEN_CHECK },
	{ "There is no option group", NULL, "install the QEMU module that has this option",
	  THEN_CHECK },
	{ "is not compiled into", NULL, "remove what this QEMU was built without", THEN_CHECK },
	{ "is not a valid device model name", NULL, "write a device of -device help", THEN_CHECK },
	{ "Parameter 'driver' expects", NULL, "write a device that -device can create", THEN_CHECK },
	{ "is not a valid char driver name", NULL, "write a backend of -chardev help", THEN_CHECK },
	{ "unsupported machine type", NULL, "write a machine type of -machine help", THEN_CHECK },
	{ "unable to find CPU model", NULL, "write a CPU model of -cpu help", THEN_CHECK },
	{ "invalid accelerator ", NULL, "write an accelerator of -accel help", THEN_CHECK },
	{ "options are incompatible", NULL, "remove -accel, or accel= of -machine", THEN_EXPLAIN },
	{ "apply global", NULL, "remove the -global, or write a property that its driver has",
	  THEN_CHECK },
	{ "there is no device \"", NULL, "write the id of a device that is on the command line",
	  THEN_EXPLAIN },
	{ "Bus '", "' not found", "write a bus that this machine has", THEN_EXPLAIN },
	{ "bus found for device", NULL, "add the controller that has this bus", THEN_EXPLAIN },
	{ "Memory backend '", "' not found", "add the -object that memory-backend= names",
	  THEN_EXPLAIN },
	{ "chardev \"", "\" not found", "add the -chardev that is named", THEN_EXPLAIN },
	{ "' not found", NULL, "remove the property, or write a property that this QEMU has",
	  THEN_CHECK },
	{ "' is unexpected", NULL, "remove the key, or write a key that the option has",
	  THEN_CHECK },
	{ "Invalid parameter '", NULL, "remove the key, or write a key that the option has",
	  THEN_CHECK },
	/* values */
	{ "Invalid parameter type for '", NULL, "write key:=JSON with a value of the expected type",
	  THEN_CHECK },
	{ "JSON parse error", NULL, "write complete JSON", THEN_CHECK },
	{ "does not accept value '", NULL, "write a value that the parameter accepts", THEN_CHECK },
	{ "t take value '", NULL, "write a value that the property accepts", THEN_CHECK },
	{ "t find value '", NULL,
	  "add the -netdev, -drive, -chardev or -object that has this id", THEN_EXPLAIN },
	{ "Parameter '", "' expects ", "write a value of the expected type", THEN_CHECK },
	{ "Parameter '", "' is missing", "add the parameter", THEN_CHECK },
	{ "Duplicate ID '", NULL, "give each of the two another id", THEN_EXPLAIN },
	{ "not available for", "in use by", "remove addr=, or write a free slot", THEN_EXPLAIN },
	{ "nvalid CPU topology", NULL,
	  "write sockets, cores and threads whose product is maxcpus", THEN_EXPLAIN },
};
#define N_COMPLAINTS (sizeof(complaints) / sizeof(complaints[0]))

static bool has(const char *line, size_t len, const char *text)
{
	return !text || memmem(line, len, text, strlen(text));
}

/* QEMU's own lines; libvirt and the wrapper write into the same log. */
static const struct complaint *complaint_of(const char *line, size_t len)
{
	if (!has(line, len, "qemu") || has(line, len, "warning:") || len > 2000)
		return NULL;
	for (size_t i = 0; i < N_COMPLAINTS; i++)
		if (has(line, len, complaints[i].text) && has(line, len, complaints[i].also))
			return &complaints[i];
	return NULL;
}

static const struct complaint *complaint_in(const struct doctor *d, const char *text,
					    const char **line)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		const struct complaint *found = complaint_of(text, len);

		if (found) {
			*line = arena_strndup(d->host.arena, text, len);
			return found;
		}
		text += len + (text[len] == '\n');
	}
	return NULL;
}

/* The part of a log behind the head of the last start: "…: starting up libvirt version: …". */
static const char *last_start(const char *text)
{
	const char *at = text, *next;

	while ((next = strstr(at, ": starting up")))
		at = next + 1;
	return at;
}

/* Findings in the logs; the first complaint and its domain are for the fix. */
struct heard {
	struct row_texts reported;
	const struct complaint *first;
	const char *domain;
};

/* false: it cannot be read. */
static bool judge_log(const struct doctor *d, const char *name, struct heard *heard)
{
	const char *path = arena_printf(d->host.arena, LOGS "/%s", name), *line;
	const char *domain = arena_strndup(d->host.arena, name, strlen(name) - 4);
	const struct complaint *found;
	struct file file;

	if (file_read_tail(d->host.arena, root_path(&d->host, path), LOG_END, &file, NULL) < 0)
		return false;
	found = complaint_in(d, last_start(file.text), &line);
	if (!found)
		return true;
	row_add(d, &heard->reported, "%s: %s", domain, line);
	if (!heard->first)
		heard->domain = domain;
	heard->first = heard->first ? heard->first : found;
	return true;
}

/* The hint, then the commands that show more. */
static const char *fix_of(const struct doctor *d, const struct heard *heard)
{
	static const char *const commands[] = {
		[THEN_CHECK] = "kvmshim check --qemu; kvmshim explain",
		[THEN_EXPLAIN] = "kvmshim explain",
		[THEN_DEVICES] = "kvmshim devices; kvmshim doctor",
		[THEN_DOCTOR] = "kvmshim doctor",
	};

	return arena_printf(d->host.arena, "%s: %s %s", heard->first->hint,
			    commands[heard->first->then],
			    shellword(d->host.arena, heard->domain));
}

static bool is_asked_for(const struct doctor *d, const char *log)
{
	const char *name = d->domain ? d->domains[0].name : NULL;

	return str_ends(log, ".log") &&
	       (!name || str_eq(log, arena_printf(d->host.arena, "%s.log", name)));
}

struct row doctor_unknown_options(const struct doctor *d)
{
	struct heard heard = { 0 };
	struct strv names = { 0 };
	bool seen = !doctor_hides(d, LOGS);

	sysfs_list(&d->host, LOGS, &names);
	for (size_t i = 0; i < names.n; i++)
		if (is_asked_for(d, names.v[i]) && !judge_log(d, names.v[i], &heard))
			seen = false;
	if (heard.first)
		return row_warn(d, fix_of(d, &heard), "QEMU reported an error at the last start: %s",
				row_list(d, &heard.reported));
	if (!seen)
		return row_unseen(d, LOGS);
	return row_ok(d, "QEMU accepted its command line at the last starts");
}
