// The report, as auditor/report/html/data.py writes it.
const NAME = "\u0001";

async function load() {
  const holder = byId("data");
  if (holder.dataset.encoding === "json") return JSON.parse(holder.textContent);
  if (typeof DecompressionStream === "undefined")
    throw new Error(
      "it cannot unpack gzip. Open the file with Chrome or Edge 93, Firefox 113, Safari 16.4, or a newer one.",
    );
  const bytes = Uint8Array.from(atob(holder.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function unpack(data) {
  const [failing, known] = ["failing", "known"].map((key) => new Set(data.gate?.[key] || []));
  const text = (at) => data.texts[at];
  return data.rows.map((row, index) => {
    const [
      rule,
      outcome,
      name,
      prefix,
      last,
      type,
      group,
      subscription,
      location,
      message,
      evidence,
      fingerprint,
      whose,
      exemption = -1,
      gap = -1,
    ] = row;
    const owner = data.rules[rule];
    const guid = text(subscription);
    const rank = data.severityOf[index] ?? owner.severity;
    const result = {
      index,
      since: data.sinceOf[index] || "", // the day, where a history knows it
      changed: data.changedOf[index] || "", // who made it so, where changes were collected
      rule: owner,
      name,
      fingerprint,
      outcome: data.outcomes[outcome],
      rank, // 0 for critical
      severity: data.severities[rank],
      id: `${text(prefix)}/${last === 0 ? name : last}`,
      type: text(type),
      group: text(group),
      guid,
      location: text(location),
      subscription: data.subscriptions[guid] || guid || "tenant",
      whose: text(whose), // owner, environment, class of data, and all tags in one text
      message: text(message).replaceAll(NAME, name),
      evidence, // its place in data.evidence: looked up when it is shown
      exemption: exemption < 0 ? null : data.exemptions[exemption],
      gap: gap < 0 ? null : data.gaps[gap],
    };
    result.gate = {
      failing: failing.has(index),
      known: known.has(index),
      new: !!data.gate?.known && !known.has(index),
    };
    result.key = result.id.toLowerCase();
    result.words = [name, owner.id, owner.title, result.group, result.subscription, result.type, result.message, guid]
      .concat(result.whose)
      .join("\n")
      .toLowerCase();
    return result;
  });
}

const evidenceOf = (data, result) => data.evidence[result.evidence].map((leaf) => leaf.map((at) => data.texts[at]));

function fill(template, result, shell) {
  const names = {
    name: result.name,
    id: result.id,
    type: result.type,
    location: result.location,
    resource_group: result.group,
    subscription_id: result.guid,
  };
  // A name that a shell would not take as one plain word stays a placeholder in a command.
  return template.replace(/\{(name|id|type|location|resource_group|subscription_id)\}/g, (place, key) =>
    shell && !/^[\w@%+=:,./-]*$/.test(names[key]) ? place : names[key],
  );
}

function portalLink(data, id) {
  if (!/^\/(subscriptions|providers)\//i.test(id) || !data.portal.startsWith("https://")) return "";
  return `${data.portal}/#@${encodeURIComponent(data.scan.tenant)}/resource${id.split("/").map(encodeURIComponent).join("/")}`;
}
