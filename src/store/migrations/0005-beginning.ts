/** When a store begins, in simulated time: energy registers count from then on. */
export const BEGINNING = `
alter table simulator.identity add column begins_s double precision;
`;
