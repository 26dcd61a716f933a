# SPDX-License-Identifier: Apache-2.0
# Completion of coffer's subcommands and options.  The program lists them
# itself (coffer --list-options [COMMAND]), so this never goes out of date.
_coffer()
{
	local cur=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(coffer --list-options 2>/dev/null)" -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(coffer --list-options "${COMP_WORDS[1]}" \
				2>/dev/null)" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _coffer coffer
