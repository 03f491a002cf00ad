import type pg from 'pg';
import type { FileEntry, Manifest } from './manifest.ts';
import type { DatasetRequest, WindowRequest } from './request.ts';
import type { Truth } from './truth.ts';

/** What a worker process is made with: everything that its tasks follow from. */
export type Order =
  | {
      readonly kind: 'files';
      readonly request: DatasetRequest;
      readonly folder: string;
      /** What the fleet has to be, where another computer has planned it. */
      readonly fleetDigest?: string;
    }
  | {
      readonly kind: 'database';
      readonly request: WindowRequest;
      readonly server: pg.ClientConfig;
      readonly fleetDigest?: string;
    };

/** What a worker process is asked to do. */
export type Work =
  /** A task, by its place in the plan, which is the same in every process. */
  | { readonly kind: 'task'; readonly index: number }
  /** What makes a dataset whole, from what its tasks gave. */
  | {
      readonly kind: 'finish';
      readonly files: readonly FileEntry[];
      readonly truths: readonly Truth[];
    };

/** What came of it. */
export type WorkResult =
  | { readonly kind: 'files'; readonly files: readonly FileEntry[] }
  | { readonly kind: 'truths'; readonly truths: readonly Truth[] }
  | { readonly kind: 'stored'; readonly rows: number }
  | { readonly kind: 'manifest'; readonly manifest: Manifest };

/** What a worker process says. */
export type WorkerAnswer =
  /** It knows its order, and takes work. */
  | { readonly kind: 'ready' }
  /** It computes another fleet than who gave the order. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'done'; readonly result: WorkResult }
  /** `stack`: only where the failure is ours, and so of use. */
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };
