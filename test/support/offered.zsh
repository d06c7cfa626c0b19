# Types each argument and a tab into an interactive zsh with the completion of $SCRIPT, and prints what is offered.
emulate -L zsh
zmodload zsh/zpty
export OUT=$(mktemp -d)
cat > $OUT/setup.zsh <<'SETUP'
autoload -Uz compinit && compinit -D -u
unsetopt beep
source $SCRIPT
compadd() {
  # Calls that only sort words into arrays offer nothing.
  if (( ! ${argv[(I)-[OAD]]} )); then
    local -a offered
    builtin compadd -O offered "$@"
    print -rl -- $offered >> $OUT/offered
  fi
  builtin compadd "$@"
}
tell-done() { : > $OUT/done }
zle -N tell-done
bindkey '^X' tell-done
bindkey '^U' kill-whole-line
: > $OUT/done
SETUP
await() {
  local tries
  for (( tries = 0; tries < 400; tries++ )); do
    zpty -rt shell text >/dev/null
    [[ -e $OUT/done ]] && { rm $OUT/done; return 0 }
    sleep 0.05
  done
  print -u2 "zsh does not answer"; exit 1
}
zpty -b shell "TERM=vt100 zsh -f -i"
zpty -w shell "source $OUT/setup.zsh"
await
for line in "$@"; do
  : > $OUT/offered
  zpty -w -n shell "$line"$'\t\x18'
  await
  print -r -- "> $line"
  grep . $OUT/offered | sort -u
  zpty -w -n shell $'\x15'
done
zpty -d shell
rm -r $OUT
