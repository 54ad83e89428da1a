// How the page asks a simulator and hears of changes.

/** simulator is the simulator mounted at prefix. */
export function simulator(prefix) {
  async function ask(path, options) {
    const answer = await fetch(prefix + path, options);
    const text = await answer.text();
    let value = null;
    try {
      value = text === "" ? null : JSON.parse(text);
    } catch {
      if (answer.ok) throw new Error(`${path} did not answer with JSON`);
    }
    if (!answer.ok) throw new Error(value?.error ?? (text.trim().slice(0, 200) || `status ${answer.status}`));
    return value;
  }

  return {
    get: (path) => ask(path),
    remove: (path) => ask(path, { method: "DELETE" }),
    post: (path, body) => ask(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    }),

    /**
     * watch calls changed now and after each "changed" event, of which a
     * stream begins with one, a call at a time; and up with whether that went
     * well, and if not, why. It returns what asks for one more call.
     *
     * A hidden page lets go of its stream: a browser allows six connections
     * to one address, and every page takes three.
     */
    watch(changed, up) {
      let running = false;
      let again = false;
      const call = async () => {
        if (running) {
          again = true;
          return;
        }
        running = true;
        do {
          again = false;
          try {
            await changed();
            up(true);
          } catch (err) {
            up(false, err.message);
          }
        } while (again);
        running = false;
      };

      let stream = null;
      const follow = () => {
        stream?.close();
        stream = null;
        if (document.hidden) return;
        stream = new EventSource(`${prefix}/_sim/events`);
        stream.addEventListener("changed", call);
        stream.addEventListener("error", () => up(false));
      };
      document.addEventListener("visibilitychange", follow);
      follow();
      call();
      return call;
    },
  };
}
