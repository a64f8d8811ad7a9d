export class DoubleApprovals {
  readonly records = new Map<string, any>();
  async open(request: any) {
    this.records.set(request.id, { request, state: 'open' });
  }
  async get(id: string) {
    return this.records.get(id);
  }
  async list({ audience, agent, covenant, state }: any) {
    const items = [...this.records.values()].filter(
      ({ request: r, state: st }) =>
        (audience === undefined || r.audience === audience) &&
        (agent === undefined || r.agent === agent) &&
        (covenant === undefined || r.covenants.includes(covenant)) &&
        (state === undefined || st === state),
    );
    return { items };
  }
  async sign(d: any) {
    const r = this.records.get(d.request.id);
    if (r.state !== 'open') throw Object.assign(new Error('closed'), { code: 'approval_closed' });
    const slot = d.verdict === 'approve' ? 'approval' : 'denial';
    const old = r[slot]?.proof ?? [];
    const proof = [
      ...old,
      ...d.proof.filter((p: any) => !old.some((o: any) => o.verificationMethod === p.verificationMethod)),
    ];
    const next = { ...r, [slot]: { ...d, proof } };
    this.records.set(d.request.id, next);
    return next;
  }
  async settle(id: string, state: string) {
    const r = this.records.get(id);
    if (r?.state !== 'open') return false;
    this.records.set(id, { ...r, state });
    return true;
  }
  async delete(id: string) {
    return this.records.delete(id);
  }
}
